//! Platforms: the ways to write one, and which is meant where an image is for several.

use crate::bindings::types::Platform;

/// The platform that is taken where there is a choice and none is asked for.
pub(crate) fn usual() -> Platform {
    Platform {
        os: "linux".into(),
        architecture: "amd64".into(),
        variant: String::new(),
    }
}

/// Returns the one way to write a platform that the engines compare by.
pub(crate) fn normal(platform: &Platform) -> Platform {
    let os = match platform.os.to_lowercase().as_str() {
        "macos" => "darwin".to_owned(),
        os => os.to_owned(),
    };
    let architecture = platform.architecture.to_lowercase();
    let variant = platform.variant.to_lowercase();
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
    Platform {
        os,
        architecture: architecture.to_owned(),
        variant,
    }
}

/// Tells whether an image for `platform` is what is meant by `wanted`, where no variant means any.
pub(crate) fn is_for(platform: &Platform, wanted: &Platform) -> bool {
    let (platform, plain) = (normal(platform), normal(wanted));
    platform.os == plain.os
        && platform.architecture == plain.architecture
        && (wanted.variant.is_empty() || platform.variant == plain.variant)
}

/// Tells whether two texts name one platform.
pub(crate) fn is_same(one: &Platform, other: &Platform) -> bool {
    normal(one) == normal(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        let mut parts = text.split('/').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Platform {
            os: next(),
            architecture: next(),
            variant: next(),
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
            assert!(is_same(&platform(one), &platform(other)), "{one} {other}");
        }
        for (one, other) in [
            ("linux/arm64", "linux/arm"),
            ("linux/amd64/v3", "linux/amd64"),
            ("linux/arm/v6", "linux/arm/v7"),
            ("windows/amd64", "linux/amd64"),
            ("linux/riscv64", "linux/amd64"),
        ] {
            assert!(!is_same(&platform(one), &platform(other)), "{one} {other}");
        }
    }

    #[test]
    fn no_variant_means_any() {
        assert!(is_for(&platform("linux/arm/v6"), &platform("linux/arm")));
        assert!(is_for(
            &platform("linux/amd64/v3"),
            &platform("linux/x86_64")
        ));
        assert!(!is_for(
            &platform("linux/arm/v6"),
            &platform("linux/arm/v7")
        ));
        assert!(!is_for(
            &platform("linux/amd64"),
            &platform("linux/amd64/v3")
        ));
    }
}
