//! The instruction sets that hot loops are compiled for, and the choice at run time.
//!
//! A release binary runs on any x86-64 CPU and takes the widest vectors that the CPU has. `RGFLOW_CPU=portable`, `avx2`
//! or `avx512` forces a narrower path (never a wider one than there is), for tests and comparisons. On other
//! architectures there is one path, compiled with what every CPU of that architecture has (NEON on aarch64).

use std::fmt;
use std::sync::OnceLock;

/// A path that this CPU can take: values exist only where the CPU has the instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Set);

/// Instruction sets, from narrow to wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Set {
    /// The instructions that every CPU of the architecture has.
    Portable,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F, VL, BW and DQ beside those.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Path {
    /// All paths of this CPU, from narrow to wide.
    pub fn available() -> Vec<Self> {
        let mut all = vec![Self(Set::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            use std::is_x86_feature_detected as has;
            if has!("avx2") && has!("fma") {
                all.push(Self(Set::Avx2));
                if has!("avx512f") && has!("avx512vl") && has!("avx512bw") && has!("avx512dq") {
                    all.push(Self(Set::Avx512));
                }
            }
        }
        all
    }

    /// Name: `portable`, `avx2` or `avx512`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "avx512",
        }
    }

    /// The path itself, or AVX2 instead of AVX-512.
    pub(crate) fn at_most_avx2(self) -> Self {
        #[cfg(target_arch = "x86_64")]
        if self.0 == Set::Avx512 {
            // A CPU with AVX-512 has AVX2: `available` asks for both.
            return Self(Set::Avx2);
        }
        self
    }

    pub(crate) fn set(self) -> Set {
        self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The environment variable that forces a path.
pub const VARIABLE: &str = "RGFLOW_CPU";

/// The path that the hot loops take: the widest, or what the environment variable `RGFLOW_CPU` names. A name that
/// [`check`] refuses is as good as none.
///
/// ```
/// let path = rgflow::cpu::path();
/// assert!(rgflow::cpu::Path::available().contains(&path));
/// ```
pub fn path() -> Path {
    static PATH: OnceLock<Path> = OnceLock::new();
    *PATH.get_or_init(|| {
        let available = Path::available();
        let forced = forced().and_then(|name| available.iter().find(|path| path.name() == name).copied());
        forced.unwrap_or(available[available.len() - 1])
    })
}

fn forced() -> Option<String> {
    std::env::var_os(VARIABLE).map(|name| name.to_string_lossy().into_owned()).filter(|name| !name.is_empty())
}

/// Whether the environment variable `RGFLOW_CPU` names a path of this CPU, or none.
///
/// # Errors
/// A sentence that names the value and those that are known.
pub fn check() -> Result<(), String> {
    let available = Path::available();
    match forced() {
        Some(name) if available.iter().all(|path| path.name() != name) => {
            let known: Vec<&str> = available.iter().map(|path| path.name()).collect();
            let all = ["portable", "avx2", "avx512"];
            let why = if all.contains(&name.as_str()) { "this CPU does not have it" } else { "there is no such path" };
            Err(format!("{VARIABLE} = {name:?}: {why}; unset it, or give one of {}", known.join(", ")))
        }
        _ => Ok(()),
    }
}

/// Compiles `$body`, an `#[inline(always)]` function, for each instruction set, as `$name` with the path as first
/// argument.
macro_rules! dispatched {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $t:ty),* $(,)?) $(-> $ret:ty)? => $body:path) => {
        $(#[$doc])*
        $vis fn $name(path: $crate::cpu::Path, $($arg: $t),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
            fn avx512($($arg: $t),*) $(-> $ret)? {
                $body($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($arg: $t),*) $(-> $ret)? {
                $body($($arg),*)
            }
            match path.set() {
                $crate::cpu::Set::Portable => $body($($arg),*),
                // SAFETY: a `Path` with this set exists only where the CPU was seen to have its instructions.
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::Set::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::Set::Avx512 => unsafe { avx512($($arg),*) },
            }
        }
    };
}
pub(crate) use dispatched;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_ordered_and_named() {
        let all = Path::available();
        assert!(all.windows(2).all(|w| w[0] < w[1]) && all[0].name() == "portable");
        assert!(all.contains(&path()));
    }
}
