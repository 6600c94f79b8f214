"""One module for each name of `./tests/bench`: `run(world)` yields its measures."""
