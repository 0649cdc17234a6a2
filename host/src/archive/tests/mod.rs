//! Archives of real tools, of every order and compression, and hostile ones.

mod fixtures;
mod orders;
mod real;
