//! Platforms: the ways to write one, and which is meant where an image is for several.

/// What an image is built for, in the words of its config or of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platform {
    /// The operating system, such as `linux`.
    pub os: String,
    /// The processor's architecture, such as `amd64`.
    pub architecture: String,
    /// Which kind of it; empty where nothing is said.
    pub variant: String,
}

impl Platform {
    /// Reads what a person writes: `linux/amd64` or `linux/arm/v7`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return None,
        };
        if os.is_empty() || architecture.is_empty() || variant == Some("") {
            return None;
        }
        Some(Self {
            os: os.into(),
            architecture: architecture.into(),
            variant: variant.unwrap_or_default().into(),
        })
    }

    /// Returns the platform that is taken where there is a choice and none is asked for.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            os: "linux".into(),
            architecture: "amd64".into(),
            variant: String::new(),
        }
    }

    /// Returns the one way to write a platform that the engines compare by.
    #[must_use]
    pub fn normal(&self) -> Self {
        let os = match self.os.to_ascii_lowercase().as_str() {
            "macos" => "darwin".to_owned(),
            os => os.to_owned(),
        };
        let architecture = self.architecture.to_ascii_lowercase();
        let variant = self.variant.to_ascii_lowercase();
        let (architecture, variant) = match (architecture.as_str(), variant.as_str()) {
            ("x86_64" | "x86-64" | "amd64", "" | "1" | "v1") => ("amd64", String::new()),
            ("x86_64" | "x86-64" | "amd64", _) => ("amd64", variant),
            ("aarch64" | "arm64", "" | "8" | "v8") => ("arm64", String::new()),
            ("aarch64" | "arm64", _) => ("arm64", variant),
            ("i386" | "i686" | "386", _) => ("386", String::new()),
            ("armhf", _) | ("arm", "" | "7") => ("arm", "v7".to_owned()),
            ("armel", _) => ("arm", "v6".to_owned()),
            ("arm", number @ ("5" | "6" | "8")) => ("arm", format!("v{number}")),
            (other, _) => (other, variant),
        };
        Self {
            os,
            architecture: architecture.to_owned(),
            variant,
        }
    }

    /// Tells whether an image for this platform is what is meant by `wanted`, where no variant means any.
    #[must_use]
    pub fn is_for(&self, wanted: &Self) -> bool {
        let (platform, plain) = (self.normal(), wanted.normal());
        platform.os == plain.os
            && platform.architecture == plain.architecture
            && (wanted.variant.is_empty() || platform.variant == plain.variant)
    }

    /// Tells whether two texts name one platform.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.normal() == other.normal()
    }

    /// Tells whether an index says of what is there that it is for no platform.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        Platform::parse(text).unwrap()
    }

    #[test]
    fn a_platform_has_two_or_three_parts() {
        assert_eq!(platform("linux/arm/v7").variant, "v7");
        for wrong in ["", "linux", "linux/", "/amd64", "linux/arm/", "a/b/c/d"] {
            assert_eq!(Platform::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn one_platform_may_be_written_in_several_ways() {
        for (one, other) in [
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/aarch64", "linux/arm64/v8"),
            ("linux/x86_64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("Linux/AMD64", "linux/amd64"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/arm", "linux/arm/7"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/i386", "linux/386"),
        ] {
            assert!(platform(one).is(&platform(other)), "{one} {other}");
        }
        for (one, other) in [
            ("linux/arm64", "linux/arm"),
            ("linux/amd64/v3", "linux/amd64"),
            ("linux/arm/v6", "linux/arm/v7"),
            ("windows/amd64", "linux/amd64"),
            ("linux/riscv64", "linux/amd64"),
        ] {
            assert!(!platform(one).is(&platform(other)), "{one} {other}");
        }
    }

    #[test]
    fn no_variant_means_any() {
        assert!(platform("linux/arm/v6").is_for(&platform("linux/arm")));
        assert!(platform("linux/amd64/v3").is_for(&platform("linux/x86_64")));
        assert!(!platform("linux/arm/v6").is_for(&platform("linux/arm/v7")));
        assert!(!platform("linux/amd64").is_for(&platform("linux/amd64/v3")));
    }
}
