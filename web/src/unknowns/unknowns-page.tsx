import { useEffect, useRef } from 'preact/hooks';
import { EVENT_TABS } from '../events/event-tabs.ts';
import { cameraName } from '../state/cameras.ts';
import { type CameraMoment, hrefOf } from '../state/route.ts';
import { may } from '../state/session.ts';
import { Empty } from '../ui/empty.tsx';
import { Failure } from '../ui/failure.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { spanWords } from '../ui/time-words.ts';
import { steadyOrder } from './steady-order.ts';
import { UnknownCard } from './unknown-card.tsx';
import { keepUnknowns, refreshUnknowns, settled, unknowns, unknownsError } from './unknowns.ts';

/** People whom the cameras saw and nobody has named. */
export function UnknownsPage({ moment }: { moment: CameraMoment | null }) {
  useEffect(() => keepUnknowns(moment), [moment?.camera, moment?.frame]);
  const view = unknowns.value;
  const before = useRef<readonly string[]>([]);
  const list = view
    ? steadyOrder(
        before.current,
        view.unknowns.filter(({ id }) => !settled.value.has(id)),
      )
    : null;
  if (list) before.current = list.map(({ id }) => id);
  const off = view?.keepMinutes === 0;
  return (
    <div class="page page-wide">
      <div class="page-head">
        <h1>Who is this?</h1>
        {list && list.length > 0 && <span class="muted figure">{list.length}</span>}
        <Tabs tabs={EVENT_TABS} label="Events and unknown people" />
      </div>
      {unknownsError.value && !view && (
        <Failure what="The unknown people could not be listed." error={unknownsError.value} onRetry={refreshUnknowns} />
      )}
      {!view && !unknownsError.value && <p class="muted">Loading …</p>}
      {view && !off && moment && (
        <p class="note unknowns-moment">
          Those who were before {cameraName(moment.camera)} then, as far as they are still held.{' '}
          <a href={hrefOf('unknowns')}>Show everybody</a>
        </p>
      )}
      {view && !off && (
        <p class="muted">
          Whom the cameras saw and did not recognise, grouped by likeness. A face is held for{' '}
          {spanWords(view.keepMinutes * 60)} and then forgotten, in memory only unless{' '}
          <code>gallery.unknowns.onDisk</code> is set
          {may('enroll') ? '; whoever is named here is enrolled with them.' : '.'}
        </p>
      )}
      {off && (
        <Empty icon="eye" title="Unknown faces are not kept">
          <p class="muted">
            The setting <code>gallery.unknowns.keep</code> is 0. With <code>keep: 10m</code> they can be named here
            while they are fresh.
          </p>
        </Empty>
      )}
      {!off && list?.length === 0 && (
        <Empty icon="eye" title={moment ? 'Nobody of that moment is held any more' : 'Nobody unknown lately'}>
          <p class="muted">Whoever a camera sees clearly and is not recognised comes up here.</p>
        </Empty>
      )}
      {list && list.length > 0 && (
        <ul class="unknowns">
          {list.map((unknown) => (
            <UnknownCard key={unknown.id} unknown={unknown} />
          ))}
        </ul>
      )}
    </div>
  );
}
