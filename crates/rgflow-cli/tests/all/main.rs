//! Integration tests of the command: each file opens with its promise.

mod architecture;
mod bad_input;
mod command_line;
mod common;
mod completion;
mod couplings;
mod docs;
mod faults;
mod golden;
mod histograms;
mod interruption;
mod layouts;
mod lists;
mod main_job;
mod memory;
mod mistakes;
mod one_hot;
mod outside;
mod own_data;
mod paths;
mod recipes;
mod refusals;
mod restart;
mod series;
mod short_help;
mod written;
