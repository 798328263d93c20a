import { type CameraDraft, withSplitUrl } from './camera-draft.ts';

interface CameraFieldsProps {
  draft: CameraDraft;
  change(part: Partial<CameraDraft>): void;
  /** It is there already: its password may stay as it is. */
  known: boolean;
}

const NETWORK = /^(rtsps?|https?):/i;

/** Address, user and password. They are apart, so that a password is never shown again. */
export function ConnectionFields({ draft, change, known }: CameraFieldsProps) {
  const { url, credentials } = draft;
  const network = url === '' || NETWORK.test(url.trim());
  return (
    <>
      <label class="field">
        <span>Address</span>
        <input
          type="text"
          name="url"
          autofocus={!known}
          inputMode="url"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder="rtsp://10.0.0.5/stream1"
          value={url}
          onInput={(event) => change({ url: event.currentTarget.value })}
          onChange={() => change(withSplitUrl(draft))}
          aria-describedby="camera-problem"
        />
        {url.includes('://***@') && credentials === 'kept' && (
          <span class="muted small">*** stands for the user name and password, which are shown to nobody.</span>
        )}
      </label>
      {network && known && (
        <label class="field">
          <span>User name and password</span>
          <select
            name="credentials"
            value={credentials}
            onChange={(event) =>
              change({
                credentials: event.currentTarget.value as CameraDraft['credentials'],
                username: '',
                password: '',
              })
            }
          >
            <option value="kept">as they are</option>
            <option value="given">other ones</option>
            <option value="none">none</option>
          </select>
        </label>
      )}
      {network && credentials === 'given' && (
        <div class="form-row">
          <label class="field">
            <span>User name {!known && <span class="muted">(if it asks for one)</span>}</span>
            <input
              type="text"
              name="camera-user"
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              maxLength={256}
              required={known}
              value={draft.username}
              onInput={(event) => change({ username: event.currentTarget.value })}
            />
          </label>
          <label class="field">
            <span>Password</span>
            <input
              type="password"
              name="camera-password"
              autocomplete="new-password"
              maxLength={512}
              value={draft.password}
              onInput={(event) => change({ password: event.currentTarget.value })}
            />
          </label>
        </div>
      )}
    </>
  );
}

/** What most people leave as it is. */
export function MoreFields({ draft, change, known }: CameraFieldsProps) {
  const url = draft.url.trim();
  return (
    <details class="fold" open={known}>
      <summary>More</summary>
      <div class="form">
        <div class="form-row">
          <label class="field">
            <span>Pictures a second, at most</span>
            <input
              type="number"
              name="fps"
              min={1}
              max={60}
              step="any"
              required
              value={draft.fps}
              onInput={(event) => change({ fps: event.currentTarget.valueAsNumber })}
            />
          </label>
          <label class="field">
            <span>Width, at most (pixels)</span>
            <input
              type="number"
              name="width"
              min={160}
              max={3840}
              step={1}
              required
              value={draft.width}
              onInput={(event) => change({ width: event.currentTarget.valueAsNumber })}
            />
          </label>
          {/^(rtsp:|$)/i.test(url.slice(0, 5)) && (
            <label class="field">
              <span>Transport</span>
              <select
                name="transport"
                value={draft.transport}
                onChange={(event) => change({ transport: event.currentTarget.value === 'udp' ? 'udp' : 'tcp' })}
              >
                <option value="tcp">TCP (whole pictures)</option>
                <option value="udp">UDP (may smear)</option>
              </select>
            </label>
          )}
        </div>
        <label class="field">
          <span>
            Further addresses <span class="muted">(tried when the first fails; one a line)</span>
          </span>
          <textarea
            name="failover"
            rows={2}
            wrap="off"
            spellcheck={false}
            autocapitalize="off"
            placeholder="rtsp://10.0.0.5/stream2"
            value={draft.failover}
            onInput={(event) => change({ failover: event.currentTarget.value })}
          />
        </label>
        {/^(rtsps|https):/i.test(url) && (
          <label class="check">
            <input
              type="checkbox"
              name="verify"
              checked={draft.verifyTls}
              onChange={(event) => change({ verifyTls: event.currentTarget.checked })}
            />
            Check the camera’s certificate
          </label>
        )}
        <label class="check">
          <input
            type="checkbox"
            name="enabled"
            checked={draft.enabled}
            onChange={(event) => change({ enabled: event.currentTarget.checked })}
          />
          Switched on
        </label>
      </div>
    </details>
  );
}
