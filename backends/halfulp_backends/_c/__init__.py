"""The parts of the adapter `c`: what is generated, how it is built, and how it is called."""
