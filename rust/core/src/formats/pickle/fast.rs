//! The short way through runs of plain data: numbers, texts, containers, memo.
//!
//! It does what `machine` does for these opcodes in their ordinary form, and
//! hands over at the first one that is anything else: an import, a call, a
//! fault, an argument that does not fit the window. So it reports nothing and
//! decides nothing; that both ways agree is a property of the fuzz crate.

use super::arena::Arena;
use super::keys::key_flags;
use super::machine::{MAX_MARKS, Machine};
use super::text;
use super::value::{Class, Kind, MAX_TEXT, Value};
use crate::bytes::wide;

/// Bytes followed at a time: no run of them reaches a limit that was further
/// away than this.
const RUN: usize = 64 * 1024;

/// Longest newline-ended argument taken here.
pub(super) const MAX_LINE: u64 = 300;

impl Machine {
    /// Follows plain data from the start of the window; gives the bytes and
    /// the instructions done.
    #[inline]
    pub(super) fn run(&mut self, window: &[u8]) -> (usize, u64) {
        let window = window.get(..RUN).unwrap_or(window);
        let room = |used: usize, most: usize| used.saturating_add(RUN) < most;
        let near_memo = self.memo.end().saturating_add(wide(RUN)) >= self.max_memo;
        if !room(self.stack.len(), self.max_stack)
            || !room(self.marks.len(), self.max_stack.min(MAX_MARKS))
            || near_memo
            || !self.unbuilt.is_empty()
            || !self.apart.is_none()
            || !self.uses.is_none()
            || self.places.is_active()
        {
            return (0, 0);
        }
        let (rest, ops) = self.run_data(window);
        (window.len().saturating_sub(rest.len()), ops)
    }

    fn run_data<'w>(&mut self, window: &'w [u8]) -> (&'w [u8], u64) {
        let Self { stack, marks, memo, arena, .. } = self;
        let mut fence = marks.last().copied().unwrap_or(0);
        let mut rest = window;
        let mut ops: u64 = 0;
        while let Some((&code, tail)) = rest.split_first() {
            match code {
                b'K' => {
                    let [n, tail @ ..] = tail else { break };
                    stack.push(Value::Int(i32::from(*n)));
                    rest = tail;
                }
                b'M' => {
                    let [a, b, tail @ ..] = tail else { break };
                    stack.push(Value::Int(i32::from(u16::from_le_bytes([*a, *b]))));
                    rest = tail;
                }
                b'J' => {
                    let [a, b, c, d, tail @ ..] = tail else { break };
                    stack.push(Value::Int(i32::from_le_bytes([*a, *b, *c, *d])));
                    rest = tail;
                }
                b'G' => {
                    let Some(tail) = tail.get(8..) else { break };
                    stack.push(Value::Float);
                    rest = tail;
                }
                0x94 => {
                    let Some(&value) = stack.get(fence..).and_then(<[Value]>::last) else { break };
                    if !memo.put_next(memo.len(), value) {
                        break;
                    }
                    rest = tail;
                }
                b'q' => {
                    let [n, tail @ ..] = tail else { break };
                    let Some(&value) = stack.get(fence..).and_then(<[Value]>::last) else { break };
                    if !memo.put_next(u64::from(*n), value) {
                        break;
                    }
                    rest = tail;
                }
                b'r' => {
                    let [a, b, c, d, tail @ ..] = tail else { break };
                    let Some(&value) = stack.get(fence..).and_then(<[Value]>::last) else { break };
                    if !memo.put_next(u64::from(u32::from_le_bytes([*a, *b, *c, *d])), value) {
                        break;
                    }
                    rest = tail;
                }
                b'h' => {
                    let [n, tail @ ..] = tail else { break };
                    let Some(value) = memo.fetch(u64::from(*n)) else { break };
                    stack.push(value);
                    rest = tail;
                }
                b'j' => {
                    let [a, b, c, d, tail @ ..] = tail else { break };
                    let Some(value) = memo.fetch(u64::from(u32::from_le_bytes([*a, *b, *c, *d]))) else { break };
                    stack.push(value);
                    rest = tail;
                }
                0x8c => {
                    let Some(&len) = tail.first() else { break };
                    let Some((counted, tail)) = tail.split_at_checked(usize::from(len).wrapping_add(1)) else { break };
                    if !counted.get(1..).is_some_and(is_utf8) {
                        break;
                    }
                    stack.push(arena.push_counted_text(counted));
                    rest = tail;
                }
                b'X' => {
                    let [len, 0, 0, 0, tail @ ..] = tail else { break };
                    let Some((body, tail)) = tail.split_at_checked(usize::from(*len)) else { break };
                    if !is_utf8(body) {
                        break;
                    }
                    stack.push(arena.push_text(body));
                    rest = tail;
                }
                b'C' => {
                    let Some(&len) = tail.first() else { break };
                    let Some(tail) = tail.get(usize::from(len).wrapping_add(1)..) else { break };
                    stack.push(Value::Bytes(u32::from(len)));
                    rest = tail;
                }
                b'(' => {
                    fence = stack.len();
                    marks.push(fence);
                    rest = tail;
                }
                b'N' => {
                    stack.push(Value::None);
                    rest = tail;
                }
                0x88 | 0x89 => {
                    stack.push(Value::Bool(code == 0x88));
                    rest = tail;
                }
                b']' | b'}' | 0x8f => {
                    let kind = match code {
                        b']' => Kind::List,
                        b'}' => Kind::Dict,
                        _ => Kind::Set,
                    };
                    let Ok(value) = arena.push(kind, Class::WIDE, 0, 0, 0) else { break };
                    stack.push(value);
                    rest = tail;
                }
                b')' | 0x85..=0x87 => {
                    let n = if code == b')' { 0 } else { usize::from(code.wrapping_sub(0x84)) };
                    let Some(at) = stack.len().checked_sub(n).filter(|&at| at >= fence) else { break };
                    if !gather(arena, stack, Kind::Tuple, at) {
                        break;
                    }
                    rest = tail;
                }
                b't' | b'l' | b'd' => {
                    let kind = match code {
                        b't' => Kind::Tuple,
                        b'l' => Kind::List,
                        _ => Kind::Dict,
                    };
                    let Some(&at) = marks.last() else { break };
                    let odd = kind == Kind::Dict && !stack.len().wrapping_sub(at).is_multiple_of(2);
                    if odd || !gather(arena, stack, kind, at) {
                        break;
                    }
                    marks.pop();
                    fence = marks.last().copied().unwrap_or(0);
                    rest = tail;
                }
                b'e' | b'u' | 0x90 => {
                    let Some((&at, outer)) = marks.split_last() else { break };
                    let outer = outer.last().copied().unwrap_or(0);
                    let Some(target) = at.checked_sub(1).filter(|&t| t >= outer) else { break };
                    if !extend(arena, stack, target, code) {
                        break;
                    }
                    stack.truncate(at);
                    marks.pop();
                    fence = outer;
                    rest = tail;
                }
                b'a' | b's' => {
                    let n = if code == b'a' { 1 } else { 2 };
                    let Some(at) = stack.len().checked_sub(n).filter(|&at| at > fence) else { break };
                    let code = if code == b'a' { b'e' } else { b'u' };
                    if !extend(arena, stack, at.wrapping_sub(1), code) {
                        break;
                    }
                    stack.truncate(at);
                    rest = tail;
                }
                b'I' => {
                    let Some((value, tail)) = number(tail) else { break };
                    stack.push(value);
                    rest = tail;
                }
                b'L' | b'F' | b'S' | b'V' => {
                    let Some((line, tail)) = line(tail) else { break };
                    let Some(value) = literal(arena, code, line) else { break };
                    stack.push(value);
                    rest = tail;
                }
                b'g' => {
                    let Some((index, b'\n', tail)) = digits(tail) else { break };
                    let Some(value) = memo.fetch(u64::from(index)) else { break };
                    stack.push(value);
                    rest = tail;
                }
                b'p' => {
                    let Some((index, b'\n', tail)) = digits(tail) else { break };
                    let Some(&value) = stack.get(fence..).and_then(<[Value]>::last) else { break };
                    if !memo.put_next(u64::from(index), value) {
                        break;
                    }
                    rest = tail;
                }
                _ => break,
            }
            ops = ops.wrapping_add(1);
            if arena.is_full() {
                break;
            }
        }
        (rest, ops)
    }
}

#[inline]
fn is_utf8(text: &[u8]) -> bool {
    text.is_ascii() || std::str::from_utf8(text).is_ok()
}

/// Makes a container of what stands from `at` on.
#[inline]
fn gather(arena: &mut Arena, stack: &mut Vec<Value>, kind: Kind, at: usize) -> bool {
    let items = stack.get(at..).unwrap_or(&[]);
    let flags = if kind == Kind::Dict { key_flags(items) } else { 0 };
    let Ok(value) = arena.push_items(kind, flags, items) else { return false };
    stack.truncate(at);
    stack.push(value);
    true
}

/// Adds what stands above `target` to it, when it is a container of this
/// pickle that takes such items.
#[inline]
fn extend(arena: &mut Arena, stack: &[Value], target: usize, code: u8) -> bool {
    let Some((&Value::Node(kind, _, id), items)) = stack.get(target..).and_then(<[Value]>::split_first) else {
        return false;
    };
    let flags = match (kind, code) {
        (Kind::List, b'e') | (Kind::Set, 0x90) => 0,
        (Kind::Dict, b'u') if items.len().is_multiple_of(2) => key_flags(items),
        _ => return false,
    };
    arena.extend(id, items, flags);
    true
}

/// A short line and what follows it.
#[inline]
fn line(tail: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = tail.iter().take(MAX_TEXT).position(|&b| b == b'\n')?;
    let (line, tail) = tail.split_at_checked(end)?;
    Some((line, tail.get(1..)?))
}

/// A number of up to nine digits in its one canonical form, the byte after it
/// and what follows that.
#[inline]
fn digits(text: &[u8]) -> Option<(u32, u8, &[u8])> {
    let (&first, mut rest) = text.split_first()?;
    let mut n = u32::from(first.wrapping_sub(b'0'));
    if n > 9 {
        return None;
    }
    for _ in 0..9 {
        let (&byte, tail) = rest.split_first()?;
        let digit = u32::from(byte.wrapping_sub(b'0'));
        if digit > 9 {
            return Some((n, byte, tail));
        }
        if n == 0 {
            return None;
        }
        n = n.wrapping_mul(10).wrapping_add(digit);
        rest = tail;
    }
    None
}

/// The argument of INT and what follows it, in its ordinary form.
#[inline]
fn number(text: &[u8]) -> Option<(Value, &[u8])> {
    match text {
        [b'0', b @ (b'0' | b'1'), b'\n', tail @ ..] => Some((Value::Bool(*b == b'1'), tail)),
        [b'-', text @ ..] => match digits(text)? {
            (n @ 1.., b'\n', tail) => Some((Value::Int(0i32.wrapping_sub(i32::try_from(n).ok()?)), tail)),
            _ => None,
        },
        _ => match digits(text)? {
            (n, b'\n', tail) => Some((Value::Int(i32::try_from(n).ok()?), tail)),
            _ => None,
        },
    }
}

/// The value of another line of protocol 0, in its ordinary form.
#[inline]
fn literal(arena: &mut Arena, code: u8, line: &[u8]) -> Option<Value> {
    match (code, line) {
        (b'L', [b'-', digits_of @ .., b'L']) => {
            whole(digits_of).filter(|n| *n > 0).map(|n| Value::Int(0i32.wrapping_sub(n)))
        }
        (b'L', [digits_of @ .., b'L'] | digits_of) => whole(digits_of).map(Value::Int),
        (b'F', _) => text::is_canonical_float(line).then_some(Value::Float),
        (b'V', _) => is_plain(line).then(|| arena.push_text(line)),
        (b'S', [open @ (b'\'' | b'"'), body @ .., close]) if open == close && is_plain(body) => {
            Some(arena.push_text(body))
        }
        _ => None,
    }
}

/// The number that all of a text is.
fn whole(text: &[u8]) -> Option<i32> {
    match text {
        [b'0'] => Some(0),
        [b'1'..=b'9', rest @ ..] if rest.len() < 9 && rest.iter().all(u8::is_ascii_digit) => {
            std::str::from_utf8(text).ok()?.parse().ok()
        }
        _ => None,
    }
}

/// Text that stands for itself.
#[inline]
fn is_plain(line: &[u8]) -> bool {
    line.is_ascii() && !line.contains(&b'\\')
}
