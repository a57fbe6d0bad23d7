//! The Asterisk Manager Interface.
