//! Making plans, and doing what they say.

use std::sync::Arc;

use keepdocker_console::{Exit, Level, Report};
use serde_json::Value;

use super::Surroundings;
use crate::bindings::commands::Failure;
use crate::component::{Component, Request};
use crate::plan::{Effects, Plan, SCHEMA, Script, Step};

impl Surroundings {
    /// Finds out what a request would write, and what would come of it. An image to upload is read to its end,
    /// and nothing is written; `command` and `options` are the request as the command line has it. Nothing is known
    /// to come of it where the plan is not complete.
    ///
    /// # Errors
    /// If the request would fail, with what to tell the user.
    pub(crate) async fn plan<R: Request>(
        &mut self,
        request: &R,
        command: &str,
        options: Value,
    ) -> Result<(Plan, Option<R::Answer>), Report> {
        let (component, cluster) = self.parties().await?;
        let script = Arc::new(Script::rehearsal());
        let answer = self.under(request, &script).await;
        let steps = script.steps();
        // The component fails where it does not get what it wants pulled; that is not the upload's
        // failure.
        let complete = !steps.iter().any(|step| matches!(step, Step::Pull { .. }));
        let done = match answer {
            Ok(done) => Some(done),
            Err(report) if complete => return Err(report),
            Err(_) => None,
        };
        let plan = Plan {
            schema: SCHEMA.to_owned(),
            component,
            cluster,
            command: command.to_owned(),
            request: options,
            complete,
            steps,
        };
        Ok((plan, done))
    }

    /// Does what a plan says, if that is still what the request comes to. An image to upload is read twice: once
    /// to compare, once to store it. Where nothing is left to do, nothing is done.
    ///
    /// # Errors
    /// If the plan is not complete, is for another component or cluster, or something else comes
    /// out of it now; then nothing is registered. Else as for the request.
    pub(crate) async fn apply<R: Request>(
        &mut self,
        plan: &Plan,
        request: &R,
    ) -> Result<R::Answer, Report> {
        let pulled = plan.steps.iter().find_map(|step| match step {
            Step::Pull { name } => Some(name),
            _ => None,
        });
        if let Some(name) = pulled {
            return Err(Report::new(
                Exit::OffPlan,
                format!("the plan ends where the engine would pull `{name}`"),
            )
            .advise("pull the image, and plan the upload without `--pull`"));
        }
        let (component, cluster) = self.parties().await?;
        for (what, planned, now) in [
            ("component", &plan.component, &component),
            ("cluster", &plan.cluster, &cluster),
        ] {
            if planned != now {
                return Err(off_plan(format!(
                    "the plan is for {what} {planned}, and this is {now}"
                ))
                .advise("make the plan again"));
            }
        }
        let (now, done) = self
            .plan(request, &plan.command, plan.request.clone())
            .await?;
        if let Some(done) = done.filter(|_| now.steps.is_empty() && !plan.steps.is_empty()) {
            self.console().message(
                Level::Info,
                "the plan was carried out already, by this command or another; nothing is left to do",
            );
            return Ok(done);
        }
        if now.steps != plan.steps {
            return Err(changed(&plan.steps, &now.steps));
        }
        let script = Arc::new(Script::following(plan.steps.clone()));
        let answer = self.under(request, &script).await;
        if let Some(deviation) = script.deviation() {
            return Err(off_plan(deviation.to_string())
                .advise("the cluster changed at this very moment; make the plan again"));
        }
        let done = answer?;
        let steps = script.steps();
        if steps != plan.steps {
            return Err(changed(&plan.steps, &steps));
        }
        Ok(done)
    }

    /// Asks with the script between the component and the cluster.
    async fn under<R: Request>(
        &mut self,
        request: &R,
        script: &Arc<Script>,
    ) -> Result<R::Answer, Report> {
        self.effects = Effects::under(script.clone());
        let answer = self.ask(request).await;
        self.effects = Effects::default();
        answer
    }

    /// Returns the digest of the component and the ID of the cluster, by which a plan knows them.
    async fn parties(&self) -> Result<(String, String), Report> {
        self.policy()?;
        let component = Component::choose(self.component())?;
        let objects = self.capabilities()?.api;
        let cluster = objects
            .api()
            .cluster()
            .await
            .map_err(|error| Report::from(Failure::Api(error.into())))?;
        Ok((component.description().sha256.clone(), cluster.id.clone()))
    }
}

fn off_plan(message: String) -> Report {
    Report::new(Exit::OffPlan, message)
}

/// Says where two lists of steps part.
fn changed(planned: &[Step], now: &[Step]) -> Report {
    let index = planned
        .iter()
        .zip(now)
        .take_while(|(planned, now)| planned == now)
        .count();
    let step = |steps: &[Step]| {
        steps
            .get(index)
            .map_or("nothing more".into(), Step::to_string)
    };
    off_plan("the cluster or the image changed since the plan was made".into())
        .detail(format!("planned: {}", step(planned)))
        .detail(format!("now:     {}", step(now)))
        .advise("nothing was registered; make the plan again, and look at it")
}
