//! The component is asked for something: once, or again where the time of it has not come.

use std::time::Duration;

use keepdocker_console::{Exit, Level, Report};

use super::Surroundings;
use super::command::Command;
use crate::bindings::commands::Failure;
use crate::component::{self, Request};

/// How often a command is run at most where its time has not come.
const MOST_RUNS: u32 = 4;

/// How long it takes at most until the server's clock shows the next second.
const A_SECOND: Duration = Duration::from_millis(1010);

/// What the component answers, or why it brought no answer.
type Answered<T> = Result<Result<T, Failure>, component::Error>;

impl Surroundings {
    /// Asks the component.
    ///
    /// The server counts in whole seconds. Where it would take what is made now for no later than what it has to
    /// come after, the request is made again once that second is over.
    ///
    /// # Errors
    /// If the command fails, with what to tell the user.
    pub(crate) async fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, Report> {
        let request = request.clone().tightened(self.policy()?.demands());
        for _ in 1..MOST_RUNS {
            let (answer, command) = self.ask_once(&request).await?;
            let Ok(Err(Failure::TooEarly(why))) = &answer else {
                return command.finish(answer);
            };
            let text = format!("{why}; waiting for the next second");
            self.console().message(Level::Debug, &text);
            command.close(Exit::Failed, &answer)?;
            tokio::time::sleep(A_SECOND).await;
        }
        let (answer, command) = self.ask_once(&request).await?;
        command.finish(answer)
    }

    /// Asks the component once, where it may say that there is nothing of the kind: which of its failures do so is told by `none`.
    ///
    /// # Errors
    /// If the command fails otherwise, with what to tell the user.
    pub(crate) async fn ask_unless<R: Request>(
        &self,
        request: &R,
        none: impl Fn(&Failure) -> bool,
    ) -> Result<Option<R::Answer>, Report> {
        let (answer, command) = self.ask_once(request).await?;
        if let Ok(Err(failure)) = &answer
            && none(failure)
        {
            command.close(Exit::NoSuchImage, &answer)?;
            return Ok(None);
        }
        command.finish(answer).map(Some)
    }

    async fn ask_once<R: Request>(
        &self,
        request: &R,
    ) -> Result<(Answered<R::Answer>, Command), Report> {
        let (running, command) = self
            .start(
                R::COMMAND,
                &(request,),
                request.purpose(),
                request.lenders(),
            )
            .await?;
        let answer = running.call(request).await;
        Ok((answer, command))
    }
}
