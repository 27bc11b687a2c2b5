"""Work in the background: a run is a folder, worked on by a process of its own."""
