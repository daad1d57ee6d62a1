//! The hot loops: vector functions, matrix products, products with spins, fused draws.
//!
//! Each is compiled for several instruction sets and chosen at run time. None uses fused multiply-add, and each sum has a
//! fixed order, so [`vector`] and [`spins`] give the same bits on every CPU; [`product`] gives the same bits on one
//! type of CPU.

pub mod cpu;
pub mod product;
pub mod spins;
pub mod vector;
