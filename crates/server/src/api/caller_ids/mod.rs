//! Our own numbers that outbound calls present: what they are, what they are doing, and why one was chosen.

mod bulk;
mod explain;
mod fields;
mod imports;
mod noun;
mod report;
mod return_call;
mod rules;
mod view;

pub(crate) use bulk::{__path_bulk, bulk};
pub(crate) use explain::{__path_explain, explain};
pub(crate) use fields::CallerIdFields;
pub(crate) use imports::{
    __path_import, __path_imports_list, __path_imports_show, __path_imports_undo, import,
    imports_list, imports_show, imports_undo,
};
pub(crate) use noun::{
    __path_create, __path_delete, __path_list, __path_replace, __path_show, create, delete, list,
    replace, show,
};
pub(crate) use report::{__path_campaigns, __path_numbers, __path_uses, campaigns, numbers, uses};
pub(crate) use return_call::{__path_return_call, return_call};
pub(crate) use rules::{
    __path_list as __path_rules_list, __path_remove as __path_rules_remove,
    __path_set as __path_rules_set, CallerIdRuleFields, list as rules_list, remove as rules_remove,
    set as rules_set,
};

use model::CallerId;

use super::Api;
use crate::problem::Problem;

/// Keeps a number that is new, and presents it from now on.
pub(crate) async fn add(api: &Api, caller_id: &CallerId) -> Result<(), Problem> {
    let _turn = api.set_up.lock().await;
    api.app.store.caller_ids().create(caller_id).await?;
    api.app
        .caller_ids
        .set_numbers(vec![caller_id.clone()])
        .await;
    Ok(())
}
