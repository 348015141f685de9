"""Operators of somebody else."""
