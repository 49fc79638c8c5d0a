//! What a stretch of time cost: the wall clock, and the processor seconds of each program, from `/proc`.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

/// Linux counts processor time for programs in hundredths of a second, on every machine (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Whose time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// One process.
    Process(u32),
    /// A server and all its children, those that have ended too.
    Family(u32),
    /// This program and the children that it has waited for.
    Ourselves,
}

/// The programs that are measured, each under a name that several may share.
pub(crate) type Targets = Vec<(&'static str, Target)>;

/// A stretch of time that has begun.
#[derive(Debug)]
pub(crate) struct Meter {
    started: Instant,
    targets: Targets,
    before: BTreeMap<&'static str, f64>,
    machine: f64,
}

/// What a stretch of time cost.
#[derive(Debug, Clone)]
pub(crate) struct Usage {
    /// The time on the clock.
    pub(crate) wall: Duration,
    /// Processor seconds by name.
    pub(crate) cpu: BTreeMap<&'static str, f64>,
    /// Processor seconds of everything else on the machine, its kernel included.
    pub(crate) others: f64,
}

impl Meter {
    /// Begins.
    pub(crate) fn start(targets: Targets) -> Self {
        let (before, machine) = (sum(&targets), machine());
        Self {
            started: Instant::now(),
            targets,
            before,
            machine,
        }
    }

    /// Ends. All processes must still live.
    pub(crate) fn stop(self) -> Usage {
        let wall = self.started.elapsed();
        let mut cpu = sum(&self.targets);
        for (name, seconds) in &mut cpu {
            *seconds -= self.before[name];
        }
        let others = machine() - self.machine - cpu.values().sum::<f64>();
        Usage {
            wall,
            cpu,
            others: others.max(0.0),
        }
    }
}

impl Usage {
    /// Gives the processor seconds of everything that was measured.
    pub(crate) fn total(&self) -> f64 {
        self.cpu.values().sum()
    }

    /// Gives the processor seconds of one name; nothing was measured under a name that is not there.
    pub(crate) fn of(&self, name: &str) -> f64 {
        self.cpu.get(name).copied().unwrap_or(0.0)
    }
}

fn sum(targets: &Targets) -> BTreeMap<&'static str, f64> {
    let mut sums = BTreeMap::new();
    for (name, target) in targets {
        *sums.entry(*name).or_insert(0.0) += target.seconds();
    }
    sums
}

impl Target {
    fn seconds(self) -> f64 {
        match self {
            Self::Process(id) => stat(&id.to_string()).map_or(0.0, |stat| stat.own),
            Self::Ourselves => stat("self").map_or(0.0, |stat| stat.own + stat.ended),
            Self::Family(id) => {
                let parent = stat(&id.to_string()).map_or(0.0, |stat| stat.own + stat.ended);
                let living = processes().filter_map(|process| stat(&process));
                let children = living.filter(|stat| stat.parent == id);
                parent + children.map(|stat| stat.own + stat.ended).sum::<f64>()
            }
        }
    }
}

struct Stat {
    parent: u32,
    own: f64,
    /// Of children that have ended and were waited for.
    ended: f64,
}

/// Reads `/proc/ID/stat`; nothing when the process is gone.
fn stat(id: &str) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name stands in parentheses and may hold anything.
    let (_, after) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = after.split(' ').collect();
    let ticks = |from: usize| -> Option<f64> {
        let (user, system): (f64, f64) =
            (fields[from].parse().ok()?, fields[from + 1].parse().ok()?);
        Some((user + system) / TICKS)
    };
    Some(Stat {
        parent: fields[1].parse().ok()?,
        own: ticks(11)?,
        ended: ticks(13)?,
    })
}

fn processes() -> impl Iterator<Item = String> {
    let entries = fs::read_dir("/proc").expect("Linux has /proc");
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Gives the seconds that the machine's processors have been busy, or were taken from it.
fn machine() -> f64 {
    let text = fs::read_to_string("/proc/stat").expect("Linux has /proc/stat");
    let line = text.lines().next().unwrap_or_default();
    let fields = line.split_whitespace().skip(1).take(8);
    let ticks: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal
    let idle = ticks[3] + ticks[4];
    (ticks.iter().sum::<f64>() - idle) / TICKS
}
