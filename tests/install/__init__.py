"""Tests of installing the plugin into somebody's project: checks, doctor, and hosts made as people make them."""
