//! What goes into the queue engine and comes out of it, for whoever checks it from outside. It can change nothing.

use engine::acd::{Command, Input};
use model::Now;

/// Somebody who sees it all, such as [`engine::invariants::Checker`].
pub trait Witness: Send {
    /// Before the engine handles it.
    fn input(&mut self, now: Now, input: &Input);
    /// Each command, in order.
    fn command(&mut self, command: &Command);
    /// The engine has no more commands.
    fn settled(&mut self);
}
