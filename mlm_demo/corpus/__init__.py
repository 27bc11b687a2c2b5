"""Read files into documents, and split them into a training part and a held-out part."""
