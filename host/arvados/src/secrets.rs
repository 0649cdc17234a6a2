//! What must not be shown, and stands in the environment: the token, and passwords in addresses. A server
//! may repeat what came with a request.

/// Shorter texts occur everywhere by chance.
const SHORTEST: usize = 8;

/// Returns the text without the secrets of the environment of this process.
#[must_use]
pub fn concealed(text: &str) -> String {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let token = variable("ARVADOS_API_TOKEN");
    // Of a token such as `v2/zzzzz-gj3su-…/secret` the last part is as good as the whole.
    let mut secrets = vec![
        token.trim(),
        token.trim().rsplit('/').next().unwrap_or_default(),
    ];
    let addresses = [
        variable("ARVADOS_API_HOST"),
        variable("ARVADOS_KEEP_SERVICES"),
    ];
    for address in addresses.iter().flat_map(|value| value.split_whitespace()) {
        let after = address
            .split_once("://")
            .map_or(address, |(_, after)| after);
        if let Some((user, _)) = after.rsplit_once('@') {
            secrets.extend([
                user,
                user.split_once(':').map_or(user, |(_, password)| password),
            ]);
        }
    }
    secrets
        .into_iter()
        .filter(|secret| secret.len() >= SHORTEST)
        .fold(text.to_owned(), |text, secret| {
            text.replace(secret, "masked")
        })
}
