//! The Asterisk Gateway Interface.
