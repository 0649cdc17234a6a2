//! Answers list requests: filters, order, selection and pages.

mod expressions;
pub(crate) mod filter;
pub(crate) mod filters;
pub(crate) mod json_error;
mod kinds;
pub(crate) mod order;
pub(crate) mod page;
pub(crate) mod property;
pub(crate) mod select;
pub(crate) mod words;
