//! Free memory: work that cannot fit is refused before it starts, and the message says how much it would need.
//!
//! Linux reports free memory in four places, and the least counts: the whole computer (MemAvailable), the control
//! groups of the process (their limit minus their use, without the page cache, which can be reclaimed) and its own
//! limits on the address space and on data (`ulimit -v` and `-d`). On other systems only work beyond the address space
//! is refused.

use super::Error;
use std::path::Path;

/// Memory that a piece of work needs at its peak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Bytes; a lower bound, so that work that would fit is never refused.
    pub bytes: u128,
    /// Cause of the need in the user's words, such as `--n 1000000000 at 25 temperatures of 100 spins`.
    pub what: String,
    /// Remedy, such as `take a smaller --n`.
    pub remedy: &'static str,
}

impl Need {
    /// Need of as many bytes as the product of `factors`.
    pub fn new(factors: &[usize], what: impl Into<String>, remedy: &'static str) -> Self {
        Self { bytes: product(factors), what: what.into(), remedy }
    }
}

/// Product of `factors`, saturating at the largest 128-bit number.
pub fn product(factors: &[usize]) -> u128 {
    factors.iter().fold(1, |product: u128, factor| product.saturating_mul(*factor as u128))
}

/// Refuses work whose `needs`, all held at the same time, exceed the free memory.
///
/// # Errors
/// [`Error::User`] of one line that names the largest need, the total, the free memory, and the remedy.
pub fn need(needs: &[Need]) -> Result<(), Error> {
    judge(needs, &free().unwrap_or(Free { bytes: isize::MAX as u128, place: "can be addressed" }))
}

/// Free memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Free {
    bytes: u128,
    /// Words for the limit that holds: "18 GiB are free".
    place: &'static str,
}

fn judge(needs: &[Need], free: &Free) -> Result<(), Error> {
    let total = needs.iter().fold(0u128, |sum, need| sum.saturating_add(need.bytes));
    let Some(largest) = needs.iter().max_by_key(|need| need.bytes).filter(|_| total > free.bytes) else {
        return Ok(());
    };
    let (one, all) = (size(largest.bytes), size(total));
    let all = if all == one { String::new() } else { format!(" ({all} in all)") };
    Err(Error::user(format!(
        "{} would take {one} of memory{all}, {} {}; {}",
        largest.what,
        size(free.bytes),
        free.place,
        largest.remedy
    )))
}

/// Bytes as text: "2.3 TiB".
pub fn size(bytes: u128) -> String {
    let (mut value, mut units) = (bytes as f64, ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"].into_iter());
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    match unit {
        "PiB" if value >= 1024.0 => "more than 1024 PiB".into(),
        "bytes" => format!("{value} bytes"),
        _ => format!("{value:.1} {unit}"),
    }
}

/// Least of the limits that the system reports; `None` where it reports none.
fn free() -> Option<Free> {
    free_of(Path::new("/"))
}

/// The same, read from the files below `root`.
fn free_of(root: &Path) -> Option<Free> {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let status = read("proc/self/status").unwrap_or_default();
    let limits = read("proc/self/limits").unwrap_or_default();
    let left = |limit: &str, used: &str| Some(limit_of(&limits, limit)?.saturating_sub(kib(&status, used)?));
    let sources = [
        (read("proc/meminfo").and_then(|text| kib(&text, "MemAvailable:")), "are free"),
        (control_groups(root), "are left of the limit of its control group"),
        (left("Max address space", "VmSize:"), "are left of the limit `ulimit -v`"),
        (left("Max data size", "VmData:"), "are left of the limit `ulimit -d`"),
    ];
    let known = sources.into_iter().filter_map(|(bytes, place)| Some(Free { bytes: bytes?, place }));
    known.min_by_key(|free| free.bytes)
}

/// Value of the line `key` in bytes, as in `MemAvailable:   21394192 kB`.
fn kib(text: &str, key: &str) -> Option<u128> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u128>().ok()?.checked_mul(1024)
}

/// The soft limit `name` in `/proc/self/limits`; `None` if it is unlimited.
fn limit_of(limits: &str, name: &str) -> Option<u128> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Least free memory in the control groups of this process, version 2 or 1, and in their parents.
fn control_groups(root: &Path) -> Option<u128> {
    let groups = std::fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mut least: Option<u128> = None;
    for line in groups.lines() {
        // hierarchy:controllers:path; version 2 names no controller.
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (base, limit, used, cache) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max", "memory.current", ["inactive_file ", "active_file "]),
            list if list.split(',').any(|c| c == "memory") => (
                "sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                ["total_inactive_file ", "total_active_file "],
            ),
            _ => continue,
        };
        // The limits of parents hold too; within a container the path may be one of the host, which does not exist
        // here.
        for group in Path::new(path.trim_start_matches('/')).ancestors() {
            let read = |name: &str| std::fs::read_to_string(root.join(base).join(group).join(name)).ok();
            let number = |name: &str| read(name)?.trim().parse::<u128>().ok();
            let (Some(limit), Some(used)) = (number(limit), number(used)) else { continue };
            let statistics = read("memory.stat").unwrap_or_default();
            let value =
                |key: &str| statistics.lines().find_map(|line| line.strip_prefix(key)?.trim().parse::<u128>().ok());
            let gives_way: u128 = cache.into_iter().filter_map(value).sum();
            let left = limit.saturating_sub(used.saturating_sub(gives_way));
            least = Some(least.map_or(left, |least| least.min(left)));
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Free memory of a system that has these files.
    fn system(files: &[(&str, &str)]) -> Option<Free> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        free_of(root.path())
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:  24684084 kB\nMemAvailable:   1000 kB\n");
    const STATUS: (&str, &str) = ("proc/self/status", "VmSize:\t     300 kB\nVmData:\t     100 kB\n");

    #[test]
    fn the_least_limit_holds() {
        let bytes = |files: &[(&str, &str)]| system(files).map(|free| free.bytes);
        assert_eq!(bytes(&[]), None);
        assert_eq!(bytes(&[MEMINFO]), Some(1_024_000));
        let limits = |text| ("proc/self/limits", text);
        let address = "Max data size   unlimited  unlimited  bytes\nMax address space   512000  unlimited  bytes\n";
        assert_eq!(bytes(&[MEMINFO, STATUS, limits(address)]), Some(512_000 - 300 * 1024));
        let data = "Max data size   500000  unlimited  bytes\nMax address space  unlimited  unlimited  bytes\n";
        assert_eq!(bytes(&[MEMINFO, STATUS, limits(data)]), Some(500_000 - 100 * 1024));
        // Nothing is left: 0, not a negative number.
        assert_eq!(bytes(&[MEMINFO, STATUS, limits("Max address space  4096  4096  bytes\n")]), Some(0));
    }

    #[test]
    fn control_groups_and_those_above_them_hold() {
        let second = ("proc/self/cgroup", "0::/a/b\n");
        let max = |path, text| (path, text);
        let files = [
            MEMINFO,
            second,
            max("sys/fs/cgroup/a/b/memory.max", "max\n"),
            max("sys/fs/cgroup/a/b/memory.current", "70\n"),
            max("sys/fs/cgroup/a/memory.max", "1000\n"),
            max("sys/fs/cgroup/a/memory.current", "700\n"),
            // The page cache can be reclaimed.
            max("sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 150\nactive_file 50\n"),
        ];
        assert_eq!(system(&files).unwrap().bytes, 500);
        assert_eq!(system(&files[..4]).unwrap().bytes, 1_024_000);
        let first = [
            MEMINFO,
            ("proc/self/cgroup", "4:cpu,memory:/x\n0::/\n"),
            max("sys/fs/cgroup/memory/memory.limit_in_bytes", "900\n"),
            max("sys/fs/cgroup/memory/memory.usage_in_bytes", "500\n"),
            max("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 20\ntotal_active_file 30\n"),
        ];
        let free = system(&first).unwrap();
        assert_eq!((free.bytes, free.place), (450, "are left of the limit of its control group"));
    }

    #[test]
    fn the_largest_need_is_named_with_its_remedy() {
        let needs = [
            Need::new(&[usize::MAX; 3], "--n 9", "take a smaller --n"),
            Need::new(&[3, 1024], "the table of neighbours", "take a smaller --size"),
        ];
        let free = Free { bytes: 4096, place: "are free" };
        let line = judge(&needs, &free).unwrap_err().to_string();
        assert_eq!(line, "--n 9 would take more than 1024 PiB of memory, 4.0 KiB are free; take a smaller --n");
        assert!(judge(&needs[1..], &free).is_ok() && judge(&[], &free).is_ok());
        let twice = [needs[1].clone(), needs[1].clone()];
        let line = judge(&twice, &free).unwrap_err().to_string();
        assert!(line.contains("would take 3.0 KiB of memory (6.0 KiB in all), 4.0 KiB are free; "), "{line}");
        assert_eq!(size(1023), "1023 bytes");
        assert_eq!(size(5 << 29), "2.5 GiB");
    }

    #[test]
    fn nothing_is_refused_of_what_there_is() {
        assert!(need(&[Need::new(&[1 << 20], "a little", "")]).is_ok());
        let all = need(&[Need::new(&[usize::MAX], "too much", "take less")]).unwrap_err();
        assert_eq!(all.exit_code(), 2);
    }
}
