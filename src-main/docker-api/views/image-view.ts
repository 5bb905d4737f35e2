import type { Image } from '../../containers/images/image-store.ts';

/** Docker API 1.47 ImageSummary. */
export function imageSummary(image: Image, containers: number) {
  const untagged = image.repoTags.length === 0;
  return {
    Id: image.id,
    ParentId: '',
    RepoTags: untagged && image.repoDigests.length === 0 ? ['<none>:<none>'] : [...image.repoTags],
    RepoDigests: image.repoDigests.length === 0 && untagged ? ['<none>@<none>'] : [...image.repoDigests],
    Created: unixSeconds(image.created),
    Size: image.size,
    VirtualSize: image.size,
    SharedSize: -1,
    Labels: image.config.config?.Labels ?? null,
    Containers: containers,
  };
}

/** Docker API 1.47 ImageInspect. */
export function imageInspect(image: Image) {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: [...image.repoTags],
    RepoDigests: [...image.repoDigests],
    Parent: '',
    Comment: '',
    Created: image.created,
    DockerVersion: '',
    Author: config.author ?? '',
    Config: config.config ?? {},
    Architecture: config.architecture,
    ...(config.variant ? { Variant: config.variant } : {}),
    Os: config.os,
    Size: image.size,
    VirtualSize: image.size,
    GraphDriver: { Name: 'overlay2', Data: null },
    RootFS: { Type: 'layers', Layers: image.layers.map(({ diffId }) => diffId) },
    Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
  };
}

/** Docker API 1.47 ImageHistory: newest first; the image's names on its last step. */
export function historyView(image: Image) {
  return [...image.history].reverse().map((step, i) => ({
    Id: i === 0 ? image.id : '<missing>',
    Created: unixSeconds(step.created ?? image.created),
    CreatedBy: step.created_by ?? '',
    Tags: i === 0 && image.repoTags.length > 0 ? [...image.repoTags] : null,
    Size: step.size,
    Comment: step.comment ?? '',
  }));
}

function unixSeconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000) || 0;
}
