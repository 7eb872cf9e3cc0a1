//! Who is in the cluster, and in what order its messages come: agreed views, total order inside a
//! view, virtual synchrony. `PROTOCOL.md` states the protocol; the code has its names.
//!
//! Owns: a node's view, the failure detector, the messages of the view until everybody has them.
//! Must never: have a clock, a socket or a disk; count votes; know what a message means.
//!
//! ```text
//! frames ── receive ──►┌───────┐──► Send      frames, by link
//! messages ── submit ─►│ Group │──► View      who is together
//! acknowledge ────────►│       │──► Deliver   the next message in order
//! time ── tick ───────►└───────┘──► Committed all (or enough) have acknowledged
//! ```

mod change;
mod group;
pub mod limits;
mod log;
mod note;
mod peer;
mod sequencer;
mod submissions;
mod timing;
mod view;
mod wire;

pub use group::{Delivery, Group, Output, Settings, SettingsError};
pub use note::Note;
pub use peer::LinkHealth;
pub use sequencer::{Commitment, Votes};
pub use submissions::Refused;
pub use timing::{Timing, TimingError};
pub use view::{Incarnation, Member, NodeId, View, ViewId};
pub use wire::{Garbled, VERSION, describe};
