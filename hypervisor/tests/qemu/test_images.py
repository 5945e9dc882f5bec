# SPDX-License-Identifier: Apache-2.0

"""The Cinder driver refuses the images whose links this QEMU follows."""

import pytest
import tools
from ovs_drivers.cinder import image_headers
from ovs_drivers.tests.fakes import disk_images


@pytest.fixture
def maker(tmp_path):
    return disk_images.Maker(str(tmp_path),
                             lambda command: tools.run(*command))


@pytest.mark.parametrize('image', disk_images.TABLE,
                         ids=[image.name for image in disk_images.TABLE])
def test_images(maker, image):
    try:
        path = image.make(maker)
    except tools.Failed as failure:
        if 'Unknown file format' not in str(failure):
            raise
        pytest.skip('this QEMU can neither make nor follow it: %s' % failure)
    if image.followed:
        assert maker.converted(path, image.followed) == disk_images.SECRET
        with pytest.raises(image_headers.UnsafeImage):
            image_headers.check(path)
    elif image.safe:
        image_headers.check(path)
        maker.converted(path, image_headers.check(path).replace('luks',
                                                                'raw'))
