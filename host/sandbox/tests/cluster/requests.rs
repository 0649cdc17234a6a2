//! Container requests: what they must say and what may change.

use serde_json::{Value, json};

use crate::assert_heard;
use crate::people::{People, Who};

/// A request that could be committed, if there were an image.
fn request(changes: Value) -> Value {
    let mut request = json!({
        "state": "Uncommitted", "command": ["true"], "container_image": "nosuch:1", "cwd": "/",
        "output_path": "/out", "mounts": {"/out": {"kind": "tmp", "capacity": 1}},
        "runtime_constraints": {"vcpus": 1, "ram": 1}, "priority": 1, "use_existing": false,
    });
    for (name, value) in changes.as_object().unwrap() {
        request[name] = value.clone();
    }
    json!({ "container_request": request })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_says_what_the_service_asks_for_before_it_is_committed() {
    let people = People::meet().await;
    let mount = |target: &str, mount: Value| json!({"mounts": {"/out": {"kind": "tmp", "capacity": 1}, target: mount}});
    for (changes, words) in [
        (json!({"command": []}), "Command can't be blank"),
        (
            json!({"command": [1]}),
            "Command must be an array of strings",
        ),
        (
            json!({"command": {}}),
            "command parameter must be Array, not Hash",
        ),
        (
            json!({"environment": [1]}),
            "parameter environment must be a Hash",
        ),
        (
            json!({"environment": {"A": 1}}),
            "[A]: incompatible value type: string required",
        ),
        (
            json!({"container_image": null}),
            "Container image can't be blank",
        ),
        (json!({"priority": "x"}), "Priority is not a number"),
        (json!({"priority": 1.5}), "Priority must be an integer"),
        (
            json!({"output_ttl": -1}),
            "Output ttl must be greater than or equal to 0",
        ),
        (
            json!({"output_path": "/x"}),
            "Output path must be a mount target",
        ),
        (
            mount("x", json!({"kind": "tmp"})),
            "[x]: invalid target: must be stdin, stdout",
        ),
        (mount("/x", json!("y")), "[/x]: invalid mount specification"),
        (mount("/x", json!({})), "[/x][kind]: unsupported value nil"),
        (
            mount("/x", json!({"kind": "git_tree"})),
            "unsupported value \"git_tree\"",
        ),
        (
            mount("/x", json!({"kind": "tmp", "path": "/y"})),
            "[/x][path]: parameter is not supported for a tmp mount",
        ),
        (
            mount("/x", json!({"kind": "tmp", "capacity": "y"})),
            "[/x][capacity]: incompatible value type: integer required",
        ),
        (
            json!({"secret_mounts": {"/out": {"kind": "text", "content": "x"}}}),
            "Secret mounts conflict with non-secret mounts",
        ),
        (
            json!({"runtime_constraints": {"vcpus": 1, "ram": 1, "x": 1}}),
            "contains unexpected keys [\"x\"]",
        ),
        (
            json!({"scheduling_parameters": {"partitions": "x"}}),
            "partitions must be an array of strings",
        ),
        (
            json!({"runtime_token": "nonsense"}),
            "Runtime token failed validation",
        ),
        (
            json!({"published_ports": {"0": {}}}),
            "decimal port number in the range 1-65535",
        ),
        (
            json!({"expires_at": "2030-01-01T00:00:00Z"}),
            "Expires at cannot be modified in state 'Uncommitted' (nil, Tue, 01 Jan 2030",
        ),
        (
            json!({"container_uuid": "kdbox-dz642-000000000000000"}),
            "Container uuid can only be updated to nil.",
        ),
        (json!({"state": ""}), "State cannot change from  to "),
    ] {
        let body = Some(request(changes.clone()));
        let heard = people
            .hear(Who::User, "POST", "container_requests", body)
            .await;
        assert_heard(&heard, 422, words);
    }
    // What is to run needs more.
    let few = json!({"state": "Committed", "runtime_constraints": {"vcpus": "one"}});
    let heard = people
        .hear(Who::User, "POST", "container_requests", Some(request(few)))
        .await;
    assert_heard(&heard, 422, "[vcpus]=\"one\" must be a positive integer");
    assert_heard(&heard, 422, "[ram]=0 must be a positive integer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_container_says_so_and_goes_without_priority() {
    let people = People::meet().await;
    let body = Some(request(json!({})));
    let (_, made) = people
        .ask(Who::User, "POST", "container_requests", body)
        .await;
    let target = format!("container_requests/{}", made["uuid"].as_str().unwrap());
    let status = format!("{target}/container_status");
    let (_, answer) = people.ask(Who::User, "GET", &status, None).await;
    assert_eq!(
        answer,
        json!({"kind": "arvados#containerStatus", "uuid": "", "container_state": "",
               "scheduling_status": "No container is assigned."})
    );
    let (_, removed) = people.ask(Who::User, "DELETE", &target, None).await;
    assert_eq!(
        (&made["priority"], &removed["priority"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_empty_is_shown_as_null_where_the_controller_does() {
    let people = People::meet().await;
    let empty = json!({"description": "", "output_name": "", "container_count_max": 0});
    let body = Some(request(empty));
    let (status, made) = people
        .ask(Who::User, "POST", "container_requests", body)
        .await;
    assert_eq!(status, 200, "{made}");
    for name in ["description", "output_name", "container_count_max"] {
        assert_eq!(made.get(name), Some(&Value::Null), "{name}");
    }
    assert_eq!(made["container_count"], 0);
}
