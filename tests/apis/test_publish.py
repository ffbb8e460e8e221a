from __future__ import annotations

import hashlib

import pytest
import torch

from jmpose_mm.apis.publish import publish_model


def test_publish_model__keeps_weights_and_names_the_file_by_its_hash(tmp_path):
    weights = {'head.weight': torch.arange(6.0)}
    checkpoint = {
        'state_dict': weights,
        'meta': {'cfg': "load_from = 'https://me:secret@host/a.pth'", 'epoch': 3, 'seed': 1},
        'optimizer': {'state': torch.zeros(1000)},
        'message_hub': {},
    }
    torch.save(checkpoint, tmp_path / 'epoch_3.pth')
    published = publish_model(tmp_path / 'epoch_3.pth', tmp_path / 'zoo' / 'model.pth')
    digest = hashlib.sha256(published.read_bytes()).hexdigest()[:8]
    assert published == tmp_path / 'zoo' / f'model-{digest}.pth'
    slim = torch.load(published, weights_only=True)
    assert set(slim) == {'state_dict', 'meta'}
    assert torch.equal(slim['state_dict']['head.weight'], weights['head.weight'])
    assert slim['meta'] == {'cfg': "load_from = 'https://host/a.pth'", 'epoch': 3}


def test_publish_model__refuses_code_and_other_files_and_leaves_nothing(tmp_path):
    class Surprise:
        def __reduce__(self):
            return (print, ('code in a checkpoint ran',))

    torch.save({'state_dict': {}, 'meta': {'x': Surprise()}}, tmp_path / 'pickle.pth')
    (tmp_path / 'text.pth').write_text('not a checkpoint')
    for name in ('pickle.pth', 'text.pth', 'nowhere.pth'):
        with pytest.raises(ValueError, match=name):
            publish_model(tmp_path / name, tmp_path / 'zoo' / 'model.pth')
    assert not (tmp_path / 'zoo').exists()
    for weights in ([1, 2], {}, {'a': 'b'}, {'a': torch.tensor(float('nan'))}):
        torch.save({'state_dict': weights}, tmp_path / 'garbage.pth')
        with pytest.raises(ValueError, match=r'garbage\.pth: expected'):
            publish_model(tmp_path / 'garbage.pth', tmp_path / 'zoo' / 'model.pth')
    assert not (tmp_path / 'zoo').exists()
    with pytest.raises(ValueError, match=r'ends in \.pth'):
        publish_model(tmp_path / 'text.pth', tmp_path / 'model.bin')
