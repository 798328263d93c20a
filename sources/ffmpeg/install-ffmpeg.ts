/** How a person gets a current ffmpeg on this kind of machine; one sentence. */
export function howToInstallFfmpeg(platform: NodeJS.Platform): string {
  const elsewhere = 'then restart facegate, or name the program with the setting "ffmpeg: /path/to/ffmpeg"';
  switch (platform) {
    case 'darwin':
      return `Install one with "brew install ffmpeg", ${elsewhere}.`;
    case 'win32':
      return `Install one with "winget install Gyan.FFmpeg", ${elsewhere}.`;
    default:
      return (
        'Install one with "sudo apt-get install ffmpeg" (Debian 12, Ubuntu 24.04 or newer), "sudo dnf install ' +
        'ffmpeg-free" (Fedora), "apk add ffmpeg" (Alpine) or a static build from ' +
        `https://github.com/BtbN/FFmpeg-Builds/releases, ${elsewhere}.`
      );
  }
}
