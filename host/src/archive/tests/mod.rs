//! Archives of real tools, of every order and compression, and hostile ones.

mod fixtures;
mod hostile;
mod orders;
mod real;
