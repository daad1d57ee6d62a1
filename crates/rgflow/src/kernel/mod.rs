//! The hot loops: vector functions, matrix products, products with spins, fused draws, normal draws, log-sum-exp.
//!
//! Each is compiled for several instruction sets and chosen at run time. None uses fused multiply-add, and each sum has
//! a fixed order, so [`vector`], [`spins`], [`normal`], [`log_weights`], [`ln_ratios`] and [`walsh`] give the same bits
//! on every CPU; [`product`] gives the same bits on one type of CPU.

pub mod bits;
mod bytes;
pub mod half_layers;
pub mod lines;
pub mod ln_ratios;
pub mod log_weights;
pub mod normal;
pub mod panels;
pub mod product;
pub mod spins;
pub mod states;
pub mod subset_sums;
pub mod vector;
pub mod walsh;
