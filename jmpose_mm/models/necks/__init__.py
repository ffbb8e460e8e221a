"""One neck per method: from the features of all frames to those of the key frame."""
