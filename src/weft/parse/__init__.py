"""From bytes to text: encodings, main text of pages, metadata."""
