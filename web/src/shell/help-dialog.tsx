import { readiness } from '../state/readiness.ts';
import { Dialog } from '../ui/dialog.tsx';
import { FACE_LEGEND } from '../wall/face-legend.ts';
import { closeDialog } from './open-dialog.ts';
import { SHORTCUTS, setShortcuts, shortcutsOn } from './shortcuts.ts';

export function HelpDialog() {
  return (
    <Dialog title="Keys and signs" onClose={closeDialog}>
      <dl class="keys">
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={shortcutsOn.value}
          onChange={(event) => setShortcuts(event.currentTarget.checked)}
        />
        Keys without Ctrl or Alt are on
      </label>
      <h3>Around a face</h3>
      <ul class="legend">
        {FACE_LEGEND.map(({ status, title, means }) => (
          <li key={status}>
            <span class={`legend-box legend-${status}`} aria-hidden="true" />
            <span>
              <strong>{title}</strong> {means}
            </span>
          </li>
        ))}
      </ul>
      {readiness.value && <p class="muted small">facegate {readiness.value.version}</p>}
    </Dialog>
  );
}
