//! Archives of real tools, of every order and compression, and hostile ones.

mod afar;
mod choices;
mod extensions;
mod few_buffers;
pub(crate) mod fixtures;
mod forms;
mod hostile;
mod layout;
mod layouts;
mod length_hints;
mod mutation;
mod near_misses;
mod orders;
mod other_orders;
mod platforms;
mod promises;
mod real;
mod scripted;
mod side_by_side;
mod spared;
mod sparse;
