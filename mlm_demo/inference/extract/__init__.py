"""Answers to questions from papers, with the sentences they stand in."""
