"""Read files into the examples of a downstream task: questions with answers, questions with labeled sentences."""
