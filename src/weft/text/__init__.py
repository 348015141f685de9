"""Pure string kernels over Arrow buffers: Unicode classes, segmentation, hashing, n-grams."""
