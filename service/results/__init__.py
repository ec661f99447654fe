"""What a segmentation has made, and the frames of its video."""
