"""Measures the project against limits and peers in the same run; the peers are as good as one can write them."""
