//! One end of an RTP stream: says a voice in µ-law every 20 ms, and listens.
//!
//! A thread of its own, so that a busy test does not make it stutter. Knows nothing of SIP: it is told where to send.

use std::{
    collections::VecDeque,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    g711,
    tone::{Ear, SAMPLES_PER_SECOND},
    voice::Voice,
};
use crate::error::{Doing, Result};

const PACKET: Duration = Duration::from_millis(20);
const SAMPLES: u32 = 160;
const HEADER: usize = 12;
/// Payload type of µ-law.
const PCMU: u8 = 0;
/// Payload type of pressed keys (RFC 4733), as our SDP says.
const TELEPHONE_EVENT: u8 = 101;
/// The keys by their number there.
const KEYS: &[u8; 16] = b"0123456789*#ABCD";
/// Longer than any RTP packet that Asterisk sends.
const LONGEST: usize = 2_048;
/// A key is down for as many packets, of which the last three say that it was let go.
const PRESS: u16 = 8;
/// How loud a key is, in dBm0 below zero.
const VOLUME: u8 = 10;
/// And as many are spoken until the next key.
const BETWEEN: u16 = 5;

#[derive(Debug)]
struct Shared {
    ear: Mutex<Ear>,
    keys: Mutex<Keys>,
    /// Keys that are still to be pressed here.
    to_press: Mutex<VecDeque<u8>>,
    /// Where to send, once known.
    peer: Mutex<Option<SocketAddr>>,
    over: AtomicBool,
}

/// Keys that were pressed at the other end. Each comes in many packets, all with the time at which it began.
#[derive(Debug, Default)]
struct Keys {
    pressed: String,
    last_began: Option<u32>,
}

impl Keys {
    fn listen(&mut self, began: u32, number: u8) {
        if self.last_began == Some(began) {
            return;
        }
        self.last_began = Some(began);
        if let Some(key) = KEYS.get(usize::from(number)) {
            self.pressed.push(char::from(*key));
        }
    }
}

/// Open until dropped.
#[derive(Debug)]
pub(crate) struct RtpEndpoint {
    shared: Arc<Shared>,
    port: u16,
    thread: Option<JoinHandle<()>>,
}

impl RtpEndpoint {
    pub(crate) fn open(address: SocketAddr, voice: Voice) -> Result<Self> {
        let socket = UdpSocket::bind(address).doing(|| format!("open the RTP port {address}"))?;
        let port = socket.local_addr().doing(|| "read a port".into())?.port();
        let shared = Arc::new(Shared {
            ear: Mutex::default(),
            keys: Mutex::default(),
            to_press: Mutex::default(),
            peer: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let stream = Stream {
            socket,
            voice,
            shared: shared.clone(),
            position: 0,
            sequence: 0,
            press: None,
        };
        let thread = std::thread::Builder::new()
            .name(format!("rtp-{port}"))
            .spawn(move || stream.run())
            .doing(|| "start a thread".into())?;
        Ok(Self {
            shared,
            port,
            thread: Some(thread),
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Starts speaking, or goes on speaking to somebody else.
    pub(crate) fn speak_to(&self, peer: SocketAddr) {
        *self
            .shared
            .peer
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(peer);
    }

    /// Presses keys, one after the other. What is no key is left out.
    pub(crate) fn press(&self, keys: &str) {
        let number = |key| KEYS.iter().position(|it| *it == key);
        let numbers = keys.bytes().filter_map(number);
        let numbers = numbers.filter_map(|number| u8::try_from(number).ok());
        let to_press = self.shared.to_press.lock();
        to_press
            .unwrap_or_else(PoisonError::into_inner)
            .extend(numbers);
    }

    /// The keys that were pressed at the other end so far.
    pub(crate) fn keys(&self) -> String {
        let keys = self.shared.keys.lock();
        keys.unwrap_or_else(PoisonError::into_inner).pressed.clone()
    }

    pub(crate) fn ear<T>(&self, ask: impl FnOnce(&Ear) -> T) -> T {
        ask(&self
            .shared
            .ear
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for RtpEndpoint {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has no way to fail that the test would want to hear of.
            let _ = thread.join();
        }
    }
}

struct Stream {
    socket: UdpSocket,
    voice: Voice,
    shared: Arc<Shared>,
    position: u32,
    sequence: u16,
    press: Option<Press>,
}

/// A key that is being pressed.
#[derive(Clone, Copy)]
struct Press {
    number: u8,
    began: u32,
    packets: u16,
}

impl Press {
    /// RFC 4733, 2.3: key, end and volume, and how long it is down.
    fn payload(self) -> [u8; 4] {
        let is_let_go = self.packets > PRESS - 3;
        let [high, low] = (self.packets.min(PRESS - 3) * 160).to_be_bytes();
        [self.number, u8::from(is_let_go) << 7 | VOLUME, high, low]
    }
}

impl Stream {
    fn run(mut self) {
        let mut due = Instant::now();
        while !self.shared.over.load(Ordering::Relaxed) {
            let now = Instant::now();
            if now >= due {
                self.speak();
                due += PACKET;
            } else {
                self.listen(due - now);
            }
        }
    }

    fn speak(&mut self) {
        let Some(peer) = *self
            .shared
            .peer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
        else {
            return;
        };
        let mut packet = Vec::with_capacity(HEADER + 160);
        let press = self.press_on();
        let (kind, at) = press.map_or((PCMU, self.position), |it| (TELEPHONE_EVENT, it.began));
        packet.extend([0x80, kind]);
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(at.to_be_bytes());
        packet.extend(u32::from(peer.port()).to_be_bytes());
        if let Some(press) = press {
            packet.extend(press.payload());
        } else {
            let spoken = self.position..self.position + SAMPLES;
            packet.extend(spoken.map(|n| g711::encode(self.voice.sample(n))));
        }
        // A far end that has just closed its port answers with an error; the signalling will tell.
        let _ = self.socket.send_to(&packet, peer);
        self.position += SAMPLES;
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// The key that is down in this packet.
    fn press_on(&mut self) -> Option<Press> {
        if self.press.is_none_or(|it| it.packets == PRESS + BETWEEN) {
            let next = self.shared.to_press.lock();
            let next = next.unwrap_or_else(PoisonError::into_inner).pop_front();
            self.press = next.map(|number| Press {
                number,
                began: self.position,
                packets: 0,
            });
        }
        let press = self.press.as_mut()?;
        press.packets += 1;
        Some(*press).filter(|it| it.packets <= PRESS)
    }

    fn listen(&mut self, at_most: Duration) {
        let mut packet = [0; LONGEST];
        let waited = self
            .socket
            .set_read_timeout(Some(at_most.max(Duration::from_millis(1))));
        let Ok(length) = waited.and_then(|()| self.socket.recv(&mut packet)) else {
            return;
        };
        if length <= HEADER || packet[0] >> 6 != 2 {
            return;
        }
        let kind = packet[1] & 0x7F;
        if kind == TELEPHONE_EVENT {
            let began = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
            let keys = self.shared.keys.lock();
            let mut keys = keys.unwrap_or_else(PoisonError::into_inner);
            keys.listen(began, packet[HEADER]);
        } else if kind == PCMU {
            let samples = packet[HEADER..length]
                .iter()
                .map(|byte| g711::decode(*byte));
            self.shared
                .ear
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .listen(samples);
        }
    }
}

/// A second of a tone, or more, as the bytes of a headerless µ-law file, which Asterisk plays.
pub(crate) fn ulaw_file(voice: &Voice, seconds: u32) -> Vec<u8> {
    (0..seconds * SAMPLES_PER_SECOND)
        .map(|n| g711::encode(voice.sample(n)))
        .collect()
}
