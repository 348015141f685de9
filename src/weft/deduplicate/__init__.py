"""Deduplication as labels: signatures of rows, keys that meet, verified pairs, clusters. Nothing is dropped here."""
