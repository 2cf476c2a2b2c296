//! Whether the pieces of a job always make the whole.

use orgd_api_types::{
    JobErrorCode, ProvisionerJob, ProvisionerJobInput, ProvisionerJobMetadata, ProvisionerJobStatus,
    ProvisionerJobType, Timestamp,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::JobFragment;
use crate::wire::encode::to_vec;

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn at() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_micros)
}

fn input() -> impl Strategy<Value = ProvisionerJobInput> {
    (prop::option::of(id()), prop::option::of(id()), text()).prop_map(
        |(template_version_id, workspace_build_id, error)| ProvisionerJobInput {
            template_version_id,
            workspace_build_id,
            error,
        },
    )
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[<>&\"\\\\,}\u{2028}a0]{0,8}", any::<String>()]
}

fn metadata() -> impl Strategy<Value = ProvisionerJobMetadata> {
    ((text(), id(), text(), text(), text()), (prop::option::of(id()), text())).prop_map(|(template, workspace)| {
        let (template_version_name, template_id, template_name, template_display_name, template_icon) = template;
        let (workspace_id, workspace_name) = workspace;
        ProvisionerJobMetadata {
            template_version_name,
            template_id,
            template_name,
            template_display_name,
            template_icon,
            workspace_id,
            workspace_name,
        }
    })
}

fn job() -> impl Strategy<Value = ProvisionerJob> {
    let times = (at(), prop::option::of(at()), prop::option::of(at()), prop::option::of(at()));
    let ids = (id(), prop::option::of(id()), id(), id(), id());
    let texts = (text(), text(), prop::collection::btree_map(text(), text(), 0..4));
    let words = (
        prop::sample::select(ProvisionerJobStatus::ALL),
        prop::sample::select(ProvisionerJobType::ALL),
        prop::option::of(prop::sample::select(JobErrorCode::ALL)),
    );
    let queue = (number(), number(), prop::collection::vec(id(), 0..4));
    (times, ids, texts, words, queue, (input(), metadata(), any::<bool>())).prop_map(
        |(times, ids, texts, words, queue, rest)| ProvisionerJob {
            id: ids.0,
            created_at: times.0,
            started_at: times.1,
            completed_at: times.2,
            canceled_at: times.3,
            error: texts.0,
            error_code: words.2,
            status: words.0,
            worker_id: ids.1,
            worker_name: texts.1,
            file_id: ids.2,
            tags: texts.2,
            queue_position: queue.0,
            queue_size: queue.1,
            organization_id: ids.3,
            initiator_id: ids.4,
            input: rest.0,
            kind: words.1,
            available_workers: queue.2,
            metadata: rest.1,
            logs_overflowed: rest.2,
        },
    )
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(u64::MAX), any::<u64>()]
}

fn written(fragment: &JobFragment, job: &ProvisionerJob) -> Vec<u8> {
    let mut out = Vec::new();
    fragment.write(&mut out, job.queue_position, job.queue_size, &job.available_workers);
    out.push(b'\n');
    out
}

proptest! {
    #[test]
    fn pieces_make_the_whole(job in job()) {
        prop_assert_eq!(written(&JobFragment::new(&job), &job), to_vec(&job));
    }

    /// One fragment serves every state of the queue, whatever the job said of it when the fragment was made.
    #[test]
    fn numbers_and_workers_of_the_job_do_not_matter(
        made in job(), position in number(), size in number(), workers in prop::collection::vec(id(), 0..4),
    ) {
        let fragment = JobFragment::new(&made);
        let shown = ProvisionerJob { queue_position: position, queue_size: size, available_workers: workers, ..made };
        prop_assert_eq!(written(&fragment, &shown), to_vec(&shown));
    }
}

#[test]
fn keys_come_in_the_order_of_the_reference() {
    let now = Timestamp::from_micros(1_767_323_045_000_000);
    let one = Uuid::from_u128(1);
    let job = ProvisionerJob {
        id: one,
        created_at: now,
        started_at: Some(now),
        completed_at: Some(now),
        canceled_at: Some(now),
        error: "e".into(),
        error_code: Some(JobErrorCode::RequiredTemplateVariables),
        status: ProvisionerJobStatus::Failed,
        worker_id: Some(one),
        worker_name: "w".into(),
        file_id: one,
        tags: [("scope".into(), "organization".into())].into(),
        queue_position: 7,
        queue_size: 9,
        organization_id: one,
        initiator_id: one,
        input: ProvisionerJobInput::default(),
        kind: ProvisionerJobType::WorkspaceBuild,
        available_workers: vec![one, Uuid::nil()],
        metadata: ProvisionerJobMetadata::default(),
        logs_overflowed: false,
    };
    let id = "00000000-0000-0000-0000-000000000001";
    let nil = Uuid::nil();
    let at = "2026-01-02T03:04:05Z";
    let expected = format!(
        concat!(
            r#"{{"id":"{id}","created_at":"{at}","started_at":"{at}","completed_at":"{at}","canceled_at":"{at}","#,
            r#""error":"e","error_code":"REQUIRED_TEMPLATE_VARIABLES","status":"failed","worker_id":"{id}","#,
            r#""worker_name":"w","file_id":"{id}","tags":{{"scope":"organization"}},"queue_position":7,"queue_size":9,"#,
            r#""organization_id":"{id}","initiator_id":"{id}","input":{{}},"type":"workspace_build","#,
            r#""available_workers":["{id}","{nil}"],"metadata":{{"template_version_name":"","template_id":"{nil}","#,
            r#""template_name":"","template_display_name":"","template_icon":""}},"logs_overflowed":false}}"#,
            "\n"
        ),
        id = id,
        at = at,
        nil = nil
    );
    assert_eq!(String::from_utf8(written(&JobFragment::new(&job), &job)).unwrap(), expected);
    assert_eq!(String::from_utf8(to_vec(&job)).unwrap(), expected);
}
