//! Archives of real tools, of every order and compression, and hostile ones.

mod choices;
mod extensions;
mod fixtures;
mod hostile;
mod layout;
mod mutation;
mod orders;
mod other_orders;
mod promises;
mod real;
