import type { AllowedView, DoorView } from '../api/api-types.ts';
import { subjectOf } from '../people/subject-lookup.ts';
import { hrefOf } from '../state/route.ts';

/** Whom the door opens for, each with the schedule of their own. */
export function AllowedList({ allow }: Pick<DoorView, 'allow'>) {
  if (allow.length === 0) return <>Nobody: its list is empty</>;
  return (
    <ul class="allowed">
      {allow.map((entry) => (
        <li key={`${entry.group}/${entry.subject}/${entry.schedule}`}>
          {entry.group !== null ? <>everybody of “{entry.group}”</> : <Somebody written={entry.subject ?? ''} />}
          <When schedule={entry.schedule} />
        </li>
      ))}
    </ul>
  );
}

const When = ({ schedule }: Pick<AllowedView, 'schedule'>) =>
  schedule === null ? null : <span class="muted"> at “{schedule}”</span>;

/** The list names people by name or id; somebody who is not enrolled can't pass, which the list alone would hide. */
function Somebody({ written }: { written: string }) {
  const subject = subjectOf(written);
  if (!subject)
    return (
      <>
        {written}
        {subject === null && <span class="muted"> (not enrolled)</span>}
      </>
    );
  return <a href={hrefOf('people', subject.id)}>{subject.name}</a>;
}
