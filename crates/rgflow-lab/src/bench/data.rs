//! The data that the peers' scripts read, int8 spins in `.npy` files.
