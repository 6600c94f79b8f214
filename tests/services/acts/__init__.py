"""Acts for `killing`: what is done, and what is there afterwards."""
