"""A release in the layouts that trainers read."""
