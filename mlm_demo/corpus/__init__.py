"""Files become documents, a training part and a held-out part."""
