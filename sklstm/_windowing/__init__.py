"""The parts of SlidingWindowTransformer."""
