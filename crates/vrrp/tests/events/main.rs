//! What each event does in each state: one file per event.

mod address_lost;
mod advert;
mod balancer;
mod hello;
mod router;
mod start;
mod stop;
mod timer;
mod tracked;
