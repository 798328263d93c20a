import { errorText } from '../api/api-error.ts';
import { Icon } from './icon.tsx';

/** What went wrong, in words, with a way on. */
export function Failure({ what, error, onRetry }: { what: string; error: unknown; onRetry?: () => void }) {
  return (
    <div class="failure" role="alert">
      <Icon name="warn" />
      <span>
        {what} {errorText(error)}
      </span>
      {onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
