"""Tests that what the documentation promises is so."""
