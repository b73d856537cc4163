//! The program, as a process on loopback, asked as its clients ask.

mod answers;
mod calls;
mod control;
mod end;
mod process;
