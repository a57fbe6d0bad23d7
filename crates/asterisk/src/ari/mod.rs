//! The Asterisk REST Interface.
